// Exits 0 when the server in this container is ready, 1 when it is not. Where ADMIN_PORT is set, clients cannot be in the way there.
import { get } from 'node:http'
import { readConfig } from '#compiled/config.js'

/** Where this machine itself reaches what listens on all addresses. */
const OWN = { '::': ['127.0.0.1', '::1'], '0.0.0.0': ['127.0.0.1'] }

const config = readConfig(process.env)
const [host, port] = config.adminPort === 'off' ? [config.host, config.port] : [config.adminHost, config.adminPort]
const addresses = OWN[host] ?? [host.replace(/^\[(.+)\]$/, '$1')]

async function demandReady (address) {
  await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    get({ host: address, port, path: '/readyz', agent: false }, ({ statusCode }) => {
      if (statusCode === 200) resolve()
      else reject(new Error(`not ready: ${statusCode}`))
    }).on('error', reject)
  }))
}

Promise.any(addresses.map(demandReady)).then(() => process.exit(0), ({ errors }) => {
  // What docker inspect shows.
  process.stderr.write(`${errors.map(({ message, code }) => message || code).join('; ')}\n`)
  process.exit(1)
})
