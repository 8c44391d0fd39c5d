// Preloaded, or the first thing of a program that serves: until the server takes a signal itself, a stop ends the process in order,
// and no other signal does anything.
const handlers = {
  // Process 1 of a container would not be ended by a signal that it does not handle.
  SIGTERM: () => process.exit(),
  SIGINT: () => process.exit(),
  SIGHUP: () => process.stderr.write('SIGHUP came before anything is loaded: all is about to be read anyway\n'),
  // Node would open its inspector, and whoever reaches that runs what they like in this process.
  SIGUSR1: () => {}
}

for (const [name, handler] of Object.entries(handlers)) process.on(name, handler)

/** Does nothing on that signal any more. */
exports.giveWay = (name) => process.removeListener(name, handlers[name])
