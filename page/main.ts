import { showService, showUnreachable } from './about.js'
import { announce } from './announce.js'
import { Cards } from './cards.js'
import { part } from './dom.js'
import { Failure, wordsFor } from './failure.js'
import { takePictures } from './intake.js'
import { Key } from './key.js'
import { Session } from './session.js'

const ASK_AGAIN_MS = 2000

const notice = part(document, 'notice', HTMLElement)
const key = new Key(part(document, 'key-form', HTMLFormElement), () => { cards.runFailed(['key_missing', 'unauthorized']) })
const session = new Session(key)
const cards = new Cards(part(document, 'results', HTMLElement), {
  announce,
  get needsKey () { return session.needsKey },
  classify: async (picture, options) => await session.classify(picture, options),
  input: async () => await session.input()
})

takePictures({
  onFiles: (files) => {
    notice.textContent = ''
    cards.add(files)
  },
  onNothing: (sentence) => { notice.textContent = sentence }
})

// Until the service is ready, the page says what it is waiting for.
for (let isReady = false; !isReady;) {
  isReady = await showWhatIsServed()
  if (!isReady) await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN_MS) })
}

async function showWhatIsServed (): Promise<boolean> {
  try {
    const service = await session.describe()
    showService(service)
    return service.status === 'ready'
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    showUnreachable(wordsFor(error))
    return false
  }
}
