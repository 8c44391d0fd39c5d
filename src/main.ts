// Signals come while everything else is loaded, too, which takes a moment.
import './base/early-signals.js'

const { start } = await import('./start.js')
await start(process.argv.slice(2))
