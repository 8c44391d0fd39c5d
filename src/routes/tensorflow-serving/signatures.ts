import { noSignature } from '../../base/sentences.js'
import type { PixelType } from '../../service/input-tensors.js'

/** Signatures of the one model, by name: what the numbers of `pixels` are. The empty name is the first one's. */
export const SIGNATURES = { serving_default: 'UINT8', rescaled: 'FP32' } as const satisfies Record<string, PixelType>
export type SignatureName = keyof typeof SIGNATURES

const NAMES = Object.keys(SIGNATURES) as SignatureName[]

/** Throws a ServiceError `invalid_tensor` if there is no such signature. */
export function pixelTypeOf (signature: string): PixelType {
  const name = signature === '' ? 'serving_default' : NAMES.find((one) => one === signature)
  if (name === undefined) throw noSignature(NAMES, signature)
  return SIGNATURES[name]
}
