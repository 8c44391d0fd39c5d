/** Classifies one photo and resolves with the answer. Throws an Error if it is not 200. */
export async function classifyPhoto (url: string, photo: Buffer): Promise<unknown> {
  const response = await fetch(`${url}/classify`, {
    method: 'POST', body: new Uint8Array(photo), headers: { 'content-type': 'image/jpeg' }
  })
  if (response.status !== 200) throw new Error(`${url}/classify answered ${response.status}: ${await response.text()}`)
  return await response.json()
}
