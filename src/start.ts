import { demandDescriptors } from './base/descriptors.js'
import { OperatorError } from './base/errors.js'
import { endWithReader } from './base/closed-pipe.js'
import { readConfig, settingsHelp, type Config } from './config.js'

/** Serves as the environment says, or says how with `--help`; a wrong setting ends the process with one sentence and exit code 1. */
export async function start (args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    endWithReader()
    process.stdout.write(`Usage: npm start\n\nServes POST /classify. Settings are environment variables:\n\n${settingsHelp()}\n`)
    return
  }
  const config = readSettings()
  const { serve } = await import('./server.js')
  await serve(config)
}

function readSettings (): Config {
  try {
    demandDescriptors()
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
