import { suite } from 'uvu';
import { expectFindings, type Row } from './expect-findings.ts';
import { unitFacts, withDaemonProcess, withUnit, withUnits } from './healthy.ts';

const test = suite('doctor: units');

expectFindings(test, [
  ...[
    'PrivateUsers=yes',
    'RestrictNamespaces=yes',
    'User=snap',
    'DynamicUser=yes',
    'CapabilityBoundingSet=CAP_CHOWN',
    'CapabilityBoundingSet=~CAP_SYS_ADMIN',
    'SystemCallFilter=~@mount',
  ].map((setting): Row => {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(setting) ?? [];
    return [
      `unit: ${setting}`,
      withUnit({ [`Service.${key}`]: [value] }),
      'unit',
      'error',
      `snapledger.service has ${setting}: the daemon can't mount or write there`,
    ];
  }),
  [
    'unit: ProtectSystem',
    withUnit({ 'Service.ProtectSystem': ['strict'] }),
    'unit',
    'error',
    'snapledger.service has ProtectSystem=strict: the root /var/lib/snapledger is read-only',
  ],
  ...['PrivateMounts=yes', 'PrivateTmp=true', 'MountFlags=slave'].map((setting): Row => {
    const [key, value = ''] = setting.split('=');
    return [
      `unit: ${setting}`,
      withUnit({ [`Service.${key}`]: [value] }),
      'unit',
      'warning',
      `snapledger.service has ${setting}, and so mounts of its own`,
    ];
  }),
  [
    'unit: not enabled',
    withUnits({
      snapledger: { ...unitFacts('snapledger.service', { 'Service.Restart': ['always'] }), enabled: false },
    }),
    'unit',
    'warning',
    'snapledger.service is not enabled',
  ],
  [
    'unit: not restarted',
    withUnit({ 'Service.Restart': [] }),
    'unit',
    'warning',
    'snapledger.service is not restarted after a failure',
  ],
  [
    'containerd unit: no order',
    withUnit({ 'Unit.Before': [] }),
    'containerd unit',
    'warning',
    'containerd.service is not ordered after snapledger.service',
  ],
  [
    'containerd unit: nothing starts snapledger',
    withUnits({ snapledger: undefined }),
    'containerd unit',
    'warning',
    'nothing starts snapledger.service together with containerd.service',
  ],
  [
    'containerd unit: PrivateMounts',
    withUnits({
      containerd: unitFacts('containerd.service', {
        'Service.PrivateMounts': ['yes'],
        'Service.LimitNOFILE': ['infinity'],
      }),
    }),
    'containerd unit',
    'warning',
    'containerd.service has PrivateMounts=yes, and so mounts of its own',
  ],
  [
    'containerd unit: LimitNOFILE',
    withUnits({ containerd: unitFacts('containerd.service', {}) }),
    'containerd unit',
    'warning',
    'containerd.service sets no LimitNOFILE=',
  ],
  [
    'mounts: another directory',
    withDaemonProcess({ root: '1:1' }),
    'mounts',
    'error',
    "containerd (pid 812) does not see the daemon's directory at /var/lib/snapledger",
  ],
]);

test.run();
