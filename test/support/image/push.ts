import type { Blob, Image } from './image.ts';

/** Pushes an image to a registry without TLS, over its HTTP interface. Returns the reference to pull it by. */
export async function pushImage(host: string, repository: string, tag: string, image: Image): Promise<string> {
  const base = `http://${host}/v2/${repository}`;
  for (const blob of [image.config, ...image.layers]) await pushBlob(base, blob);
  return pushManifest(host, repository, tag, image.manifest);
}

/** Pushes a manifest, or an index of manifests that are there. Returns the reference to pull it by. */
export async function pushManifest(host: string, repository: string, tag: string, { mediaType, bytes }: Blob) {
  const headers = { 'content-type': mediaType };
  await ask(`http://${host}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body: bytes });
  return `${host}/${repository}:${tag}`;
}

async function pushBlob(base: string, { digest, bytes }: Blob): Promise<void> {
  const opened = await ask(`${base}/blobs/uploads/`, { method: 'POST' });
  const upload = new URL(opened.headers.get('location') ?? '', base);
  upload.searchParams.set('digest', digest);
  await ask(upload.href, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: bytes });
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return response;
}
