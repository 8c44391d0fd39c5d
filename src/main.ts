import { demandDescriptors } from './base/descriptors.js'
import { OperatorError } from './base/errors.js'
import { endWithReader } from './base/closed-pipe.js'
import { readConfig, settingsHelp, type Config } from './config.js'

if (process.argv.includes('--help')) {
  endWithReader()
  process.stdout.write(`Usage: npm start\n\nServes POST /classify. Settings are environment variables:\n\n${settingsHelp()}\n`)
} else {
  let config: Config
  try {
    demandDescriptors()
    config = readConfig(process.env)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
  const { serve } = await import('./server.js')
  await serve(config)
}
