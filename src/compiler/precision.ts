/** A number format that a network can compute in. */
export type Precision = 'float32' | 'bfloat16'
