// Exits 0 when the server in this container is ready, 1 when it is not.
import { get } from 'node:http'
import { readConfig } from '../../dist/src/config.js'

const { host, port } = readConfig(process.env)
get({ host, port, path: '/readyz', agent: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('error', () => process.exit(1))
