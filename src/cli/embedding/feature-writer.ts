import type { ServiceError } from '../../base/errors.js'
import { toProblem } from '../../contract/problems.js'
import { toNumbers } from '../../service/embedding.js'
import { NPY_HEADER_BYTES, npyHeader } from './npy.js'
import { OutputFile } from './output-file.js'

/** Takes the features of files, or the reason why there are none, in order. Its methods reject with an OutputError. */
export interface FeatureWriter {
  add (file: string, features: Float32Array): Promise<void>
  fail (file: string, error: ServiceError): Promise<void>
  /** Puts what was written where it was asked for. */
  finish (): Promise<void>
  /** Leaves nothing behind. */
  abandon (): Promise<void>
}

/** `{"file", "embedding"}` or `{"file", "error"}` a line. */
export class JsonLinesWriter implements FeatureWriter {
  private constructor (private readonly file: OutputFile) {}

  static async open (output: string): Promise<JsonLinesWriter> {
    return new JsonLinesWriter(await OutputFile.open(output))
  }

  async add (file: string, features: Float32Array): Promise<void> {
    await this.line({ file, embedding: toNumbers(features) })
  }

  async fail (file: string, error: ServiceError): Promise<void> {
    await this.line({ file, error: toProblem(error) })
  }

  async finish (): Promise<void> {
    await this.file.finish()
  }

  async abandon (): Promise<void> {
    await this.file.abandon()
  }

  private async line (content: object): Promise<void> {
    await this.file.write(`${JSON.stringify(content)}\n`)
  }
}

/** A row of NumPy's format for each file that succeeded, and beside it a text file of their names, one a line, in the order of the rows. */
export class NpyWriter implements FeatureWriter {
  private rows = 0
  private columns = 0

  private constructor (
    private readonly matrix: OutputFile,
    private readonly names: OutputFile,
    private readonly onFailure: (file: string, error: ServiceError) => void
  ) {}

  /** `output` ends with `.npy`; `onFailure` is told of the files that have no row. */
  static async open (output: string, onFailure: (file: string, error: ServiceError) => void): Promise<NpyWriter> {
    const matrix = await OutputFile.open(output)
    await matrix.write(Buffer.alloc(NPY_HEADER_BYTES))
    return new NpyWriter(matrix, await OutputFile.open(output.replace(/\.npy$/, '.txt')), onFailure)
  }

  async add (file: string, features: Float32Array): Promise<void> {
    await this.matrix.write(new Uint8Array(features.buffer, features.byteOffset, features.byteLength))
    await this.names.write(`${file}\n`)
    this.rows++
    this.columns = features.length
  }

  async fail (file: string, error: ServiceError): Promise<void> {
    this.onFailure(file, error)
  }

  async finish (): Promise<void> {
    await this.matrix.overwriteStart(npyHeader(this.rows, this.columns))
    await this.names.finish()
    await this.matrix.finish()
  }

  async abandon (): Promise<void> {
    await this.matrix.abandon()
    await this.names.abandon()
  }
}
