import type { About } from '../src/contract/status.js'
import { describedRow, part } from './dom.js'
import { inputInWords } from './model-words.js'
import { counted, megabytes } from './numbers.js'

const STATUS_IN_WORDS: Readonly<Record<About['status'], string>> = {
  ready: 'ready',
  loading: 'the model is loading…',
  restarting: 'restarting…',
  decoder_failed: 'cannot read pictures just now…',
  draining: 'shutting down'
}

/** Says what is served, and by what rules. */
export function showService ({ status, model, maxImageBytes, endpoints }: About): void {
  showStatus(status, [model?.name, STATUS_IN_WORDS[status]].filter((text) => text !== undefined).join(' · '))
  part(document, 'limit', HTMLElement).textContent = `, up to ${megabytes(maxImageBytes)} each`
  part(document, 'endpoints', HTMLElement).textContent = endpoints.join(', ')
  if (model === undefined) return
  const { name, version, backend, precision, classes, input } = model
  part(document, 'lead', HTMLElement).textContent = `${name} tells ${counted(classes, 'kind')} of things apart. Which does it see in yours?`
  part(document, 'facts', HTMLElement).replaceChildren(
    describedRow('Name', name),
    describedRow('Version', version),
    describedRow('Labels', counted(classes, 'label')),
    describedRow('Computes', `in ${precision} on ${backend === 'gpu' ? 'a GPU' : 'the CPU'}`),
    describedRow('Input', inputInWords(input))
  )
}

/** Says that the service does not answer. */
export function showUnreachable (words: string): void {
  showStatus('unreachable', words)
}

function showStatus (state: string, words: string): void {
  const status = part(document, 'status', HTMLElement)
  status.dataset.state = state
  status.textContent = words
}
