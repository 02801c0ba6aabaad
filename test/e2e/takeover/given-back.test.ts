import { containerdFlow } from '../containerd-flow.ts';
import { createBuiltinEnvironment } from '../environment.ts';

containerdFlow('overlayfs after a giveback', createBuiltinEnvironment);
