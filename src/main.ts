import { OperatorError } from './base/errors.js'
import { endWithReader } from './base/closed-pipe.js'
import { readConfig, settingsHelp, type Config } from './config.js'

if (process.argv.includes('--help')) {
  endWithReader()
  process.stdout.write(`Usage: npm start\n\nServes POST /classify. Settings are environment variables:\n\n${settingsHelp()}\n`)
} else {
  let config: Config
  try {
    config = readConfig(process.env)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
  const { serve } = await loadServer()
  await serve(config)
}

/** Its hundreds of files are opened nearly at once, which a low limit does not allow. */
async function loadServer (): Promise<typeof import('./server.js')> {
  try {
    return await import('./server.js')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error
    process.stderr.write(`The process has no file descriptors left to start with (${code}): raise its limit (ulimit -n) to 1024 or more.\n`)
    process.exit(1)
  }
}
