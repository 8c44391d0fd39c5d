/** One class an image, in turn: [count, classes], row-major. */
export function oneHot (count: number, classes: number): Float32Array<ArrayBuffer> {
  const labels = new Float32Array(count * classes)
  for (let row = 0; row < count; row++) labels[row * classes + row % classes] = 1
  return labels
}
