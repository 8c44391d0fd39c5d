import { copyText } from './copy.js'
import { curlCommand } from './curl.js'
import { part } from './dom.js'
import { CLASSIFY_URL } from './service.js'

/** Shows the command that asks the same, with a button that copies it. */
export function offerCurl (root: HTMLElement, file: string, { needsKey }: { readonly needsKey: () => boolean }): void {
  const [command, button] = [part(root, 'command', HTMLElement), part(root, 'copy', HTMLElement)]
  const where = `Run it in the folder that holds ${file}`
  const show = (): void => {
    command.textContent = curlCommand({ file, url: CLASSIFY_URL.href, needsKey: needsKey() })
    part(root, 'curl-hint', HTMLElement).textContent = needsKey() ? `${where}, with your key in the variable API_KEY.` : `${where}.`
    button.textContent = 'Copy'
  }
  show()
  part(root, 'curl', HTMLDetailsElement).addEventListener('toggle', show)
  button.addEventListener('click', async () => {
    button.textContent = await copyText(command) ? 'Copied' : 'Selected: copy it with Ctrl-C'
  })
}
