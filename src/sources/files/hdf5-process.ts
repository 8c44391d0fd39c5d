import { OperatorError } from '../../base/errors.js'
import { leaveSignalsToParent } from '../../base/signals.js'
import '../../base/say-begun.js'
import { listKerasWeights } from './hdf5-layouts.js'
import { Hdf5File } from './hdf5-library.js'

/** What the process that reads the file is asked for: first to open it, then for the values of data sets. */
export type Hdf5Request = { readonly open: string } | { readonly read: string }
/** The listing, or the float32 values, or the sentence that says why there is none, or a defect. */
export type Hdf5Reply =
  { readonly value: unknown } | { readonly error: string } | { readonly defect: string, readonly stack: string | undefined }

let file: Hdf5File | undefined

async function answer (request: Hdf5Request): Promise<unknown> {
  if ('open' in request) {
    file = await Hdf5File.open(request.open)
    return listKerasWeights(file)
  }
  if (file === undefined) throw new Error('no file is open')
  return file.read(request.read)
}

function failureOf (error: Error): Hdf5Reply {
  const { message, stack } = error
  return error instanceof OperatorError ? { error: message } : { defect: message, stack }
}

leaveSignalsToParent()
process.on('message', (request: Hdf5Request) => {
  const reply = (what: Hdf5Reply): void => { process.send?.(what) }
  answer(request).then((value) => { reply({ value }) }, (error: unknown) => { reply(failureOf(error as Error)) })
})
