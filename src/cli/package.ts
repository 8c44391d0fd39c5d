import { basename, resolve } from 'node:path'
import { OperatorError } from '../base/errors.js'
import { existing } from '../base/existing.js'
import { writePackage, type PackageContents } from '../sources/package-writer.js'
import { OutputError } from './output-error.js'

/** Throws an OperatorError if the package would be written over something. */
export async function demandFree (out: string): Promise<void> {
  if (await existing(out) !== undefined) throw new OperatorError(`${out} is there already: name a package that is not.`)
}

/** The model's name, from that of the package's folder. */
export function modelNameOf (out: string): string {
  return basename(resolve(out)).replace(/[^\w.-]+/g, '-')
}

/** Writes a package. Throws an OutputError if it cannot be written. */
export async function writeNewPackage (out: string, contents: PackageContents): Promise<void> {
  try {
    await writePackage(out, contents)
  } catch (cause) {
    throw OutputError.of(out, cause)
  }
}
