// Preloaded. Process 1 of a container ends by no signal that it does not handle, so a stop that comes while the
// server's own modules still load would be lost without these handlers, which give way to the server's.
for (const name of ['SIGTERM', 'SIGINT']) {
  process.on(name, () => {
    if (process.listenerCount(name) === 1) process.exit()
  })
}
