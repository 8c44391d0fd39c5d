import { Type, Value, type Static } from '../../base/typebox.js'
import { toProblem } from '../../contract/problems.js'
import type { ImageResult } from '../../service/classification.js'

/** How every line begins. */
export const LINE_START = '{"file":"'

const ResultLine = Type.Object({
  file: Type.String({ minLength: 1 }),
  model: Type.Object({ name: Type.String(), version: Type.String() }),
  predictions: Type.Optional(Type.Array(Type.Unknown())),
  error: Type.Optional(Type.Object({ code: Type.String() }))
})
export type ResultLine = Static<typeof ResultLine>

/** Which model an answer is from. */
export type ModelName = ResultLine['model']

/** One picture's line of the output: its path, the model, and predictions or the problem, as `POST /classify` has them. */
export function formatLine (file: string, { name, version }: ModelName, result: ImageResult): string {
  const answer = 'error' in result ? { error: toProblem(result.error) } : { predictions: result.predictions }
  return `${JSON.stringify({ file, model: { name, version }, ...answer })}\n`
}

/** Undefined where the text is no such line. */
export function parseLine (text: string): ResultLine | undefined {
  try {
    const line: unknown = JSON.parse(text)
    return Value.Check(ResultLine, line) ? line : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
