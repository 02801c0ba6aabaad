/** What an ioctl takes that needs a name alone: struct btrfs_ioctl_vol_args. */
export function namedArgument(name: string): Buffer {
  const argument = Buffer.alloc(4096);
  argument.write(name, 8, 4087);
  return argument;
}
