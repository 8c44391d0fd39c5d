import { part } from './dom.js'

export interface Intake {
  readonly onFiles: (files: readonly File[]) => void
  /** Told in words why something brought no file. */
  readonly onNothing: (sentence: string) => void
}

const NOT_A_FILE = 'That was no file. Save the picture first, or copy the picture itself and paste it here.'
const NOTHING_TO_PASTE = 'The clipboard holds no picture.'

/** Takes pictures in all the ways that there are: picked, photographed, dropped anywhere on the page, and pasted. */
export function takePictures (intake: Intake): void {
  takePicked('choose', 'chosen', intake)
  takePicked('photograph', 'photographed', intake)
  takeDropped(intake)
  takePasted(intake)
}

/** The button stands for the input, which no browser draws the same. */
function takePicked (buttonName: string, inputName: string, { onFiles }: Intake): void {
  const input = part(document, inputName, HTMLInputElement)
  part(document, buttonName, HTMLButtonElement).addEventListener('click', () => { input.click() })
  input.addEventListener('change', () => {
    onFiles([...input.files ?? []])
    // The same file can be picked again.
    input.value = ''
  })
}

function takeDropped ({ onFiles, onNothing }: Intake): void {
  const { classList } = document.body
  // Going from one element to another inside, a drag enters the second before it leaves the first.
  let depth = 0
  const enter = (by: number): void => {
    depth = by === 0 ? 0 : Math.max(0, depth + by)
    classList.toggle('is-dragged-over', depth > 0)
  }
  document.addEventListener('dragenter', (event) => {
    event.preventDefault()
    enter(1)
  })
  document.addEventListener('dragleave', () => { enter(-1) })
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy'
  })
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    enter(0)
    handOver([...event.dataTransfer?.files ?? []], NOT_A_FILE, { onFiles, onNothing })
  })
}

function takePasted (intake: Intake): void {
  document.addEventListener('paste', (event) => {
    if (event.target instanceof HTMLInputElement) return
    event.preventDefault()
    handOver([...event.clipboardData?.files ?? []], NOTHING_TO_PASTE, intake)
  })
}

function handOver (files: readonly File[], otherwise: string, { onFiles, onNothing }: Intake): void {
  if (files.length === 0) onNothing(otherwise)
  else onFiles(files)
}
