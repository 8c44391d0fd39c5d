import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/base/random.js'
import { FORM_TYPE, chunked, form, head, json, mutated, sized, type Photos } from './bodies.js'
import { Connection } from '../harness/connection.js'
import type { Ledger } from './ledger.js'

/** What one client of the soak has at hand. */
export interface Client {
  readonly url: string
  readonly random: Random
  readonly photos: Photos
  readonly ledger: Ledger
  /** One that is kept from request to request. */
  kept: Connection | undefined
}

/** One thing that a client does. Whatever it sends ends in the ledger. */
export type Kind = (client: Client) => Promise<void>

const JPEG = 'image/jpeg'

/** Sends on the connection that is kept, or on a new one, and reads so many answers. */
async function ask (client: Client, bytes: Buffer, answers = 1): Promise<void> {
  const connection = client.kept ?? await Connection.open(client.url)
  client.kept = undefined
  connection.send(bytes)
  let isLast = false
  for (let left = answers; left > 0; left--) {
    const answer = await connection.answer()
    client.ledger.saw(answer)
    // Whoever sends more than is read is told so, and cut off later.
    isLast = answer.isLast || answer.status >= 400
    if (!answer.isLast) continue
    // What was sent behind it has begun and gets no answer any more.
    client.ledger.uncertain += left - 1
    break
  }
  if (isLast || client.random.uniform() < 0.3) connection.close()
  else client.kept = connection
}

/** Sends what is asked for on a connection of its own. */
async function askOnce (client: Client, bytes: Buffer): Promise<void> {
  await withOwn(client, async (connection) => {
    connection.send(bytes)
    client.ledger.saw(await connection.answer())
  })
}

async function withOwn ({ url }: Client, use: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await Connection.open(url)
  try {
    await use(connection)
  } finally {
    connection.close()
  }
}

const several = ({ photos, random }: Client): Buffer[] =>
  Array.from({ length: 2 + random.below(5) }, () => random.uniform() < 0.8 ? photos.small : photos.medium)

/** Sends piece by piece until it is answered. */
async function trickle (client: Client): Promise<void> {
  const { photos: { medium }, random, ledger } = client
  await withOwn(client, async (connection) => {
    const answer = connection.answer()
    const answered = answer.then(() => true, () => true)
    connection.send(head([`content-type: ${JPEG}`, `content-length: ${medium.length}`, 'x-request-timeout-ms: 3000']))
    const pieces = 4 + random.below(12)
    const size = Math.ceil(medium.length / pieces)
    for (let start = 0; start < medium.length; start += size) {
      if (await Promise.race([sleep(random.below(500), false), answered])) break
      connection.send(medium.subarray(start, start + size))
    }
    ledger.saw(await answer)
  })
}

/** Goes with half of its body sent, once the server has said that it reads. Nothing but its going can then end the request. */
async function leaveWhileSending (client: Client): Promise<void> {
  const { photos: { small }, ledger } = client
  await withOwn(client, async (connection) => {
    const body = json([small, small])
    connection.send(head(['content-type: application/json', `content-length: ${body.length}`, 'expect: 100-continue']))
    const response = await connection.response()
    if (response.status >= 200) return ledger.saw(response)
    connection.send(body.subarray(0, body.length - 100))
    ledger.count('client_closed_request')
  })
}

/** Goes once all is sent: the answer may be on its way. */
async function leaveBeforeAnswer (client: Client): Promise<void> {
  const connection = await Connection.open(client.url)
  connection.send(sized(JPEG, client.photos.small))
  client.ledger.uncertain++
  await sleep(client.random.below(30))
  connection.close()
}

/** Without answer of its own: a connection that brings no request. */
async function leaveBeforeRequest (client: Client): Promise<void> {
  await withOwn(client, async (connection) => { connection.send('POST /classify HTT') })
}

async function pipeline (client: Client): Promise<void> {
  const { photos: { small, medium } } = client
  await ask(client, Buffer.concat([sized(JPEG, small), head([], { method: 'GET', path: '/livez' }), sized(JPEG, medium)]), 3)
}

/** More at once than the queue holds. */
async function burst (client: Client): Promise<void> {
  await Promise.all(Array.from({ length: 24 }, () => askOnce(client, sized(JPEG, client.photos.small))))
}

function get (...paths: string[]): Kind {
  return async (client) => { await ask(client, head([], { method: 'GET', path: paths[client.random.below(paths.length)] ?? '/' })) }
}

const RUBBISH = [
  'rubbish\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'CONNECT elsewhere:443 HTTP/1.1\r\nhost: elsewhere\r\n\r\n',
  `GET / HTTP/1.1\r\nhost: soak\r\nlong: ${'a'.repeat(20_000)}`,
  'GET /%zz HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n',
  'POST /classify HTTP/1.1\r\nhost: soak\r\nx-api-key: soak\r\ncontent-type: image/jpeg\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'
]

/** Requests that are wrong, of which some never end. */
const WRONG: ReadonlyArray<(client: Client) => Buffer> = [
  ({ photos, random }) => sized(JPEG, mutated(photos.medium, random)),
  ({ photos, random }) => sized(FORM_TYPE, mutated(form([photos.small, photos.small]), random)),
  ({ photos, random }) => sized('application/json', mutated(json([photos.small, photos.small]), random)),
  ({ photos }) => sized(FORM_TYPE, form(Array.from({ length: 33 }, () => photos.small))),
  ({ photos }) => sized('application/json', json([photos.small, Buffer.from('no image'), photos.small])),
  ({ photos }) => sized('text/html', photos.small),
  ({ photos }) => sized(JPEG, photos.medium.subarray(0, 1000)),
  ({ photos }) => sized(JPEG, photos.small, ['x-request-timeout-ms: soon']),
  () => sized('application/json', Buffer.from('{"images":[]}')),
  () => head(['content-length: 0']),
  () => head([`content-type: ${JPEG}`, 'content-length: 999999999']),
  ({ random }) => Buffer.from(RUBBISH[random.below(RUBBISH.length)] ?? '')
]

/** What clients do, and how often. */
export const KINDS: ReadonlyArray<readonly [weight: number, name: string, kind: Kind]> = [
  [20, 'one photo', async (client) => { await ask(client, sized(JPEG, client.photos.medium)) }],
  [10, 'one small photo', async (client) => { await ask(client, sized(JPEG, client.photos.small)) }],
  [4, 'one large photo', async (client) => { await ask(client, sized(JPEG, client.photos.large)) }],
  [8, 'a form', async (client) => { await ask(client, sized(FORM_TYPE, form(several(client)))) }],
  [8, 'JSON', async (client) => { await ask(client, sized('application/json', json(several(client)))) }],
  [8, 'chunks', async (client) => { await ask(client, chunked(JPEG, client.photos.medium, 1 + client.random.below(5000))) }],
  [6, 'a slow body', trickle],
  [6, 'gone while sending', leaveWhileSending],
  [2, 'gone before its answer', leaveBeforeAnswer],
  [2, 'gone before its request', leaveBeforeRequest],
  [5, 'three at once', pipeline],
  [1, 'a burst', burst],
  [4, 'a short deadline', async (client) => {
    await askOnce(client, sized(JPEG, client.photos.medium, [`x-request-timeout-ms: ${1 + client.random.below(40)}`]))
  }],
  [5, 'status', get('/livez', '/readyz', '/')],
  [2, 'a wrong address', get('/nothing', '/classify', '/admin/reload')],
  [2, 'no key', async (client) => {
    await askOnce(client, Buffer.from(head(['content-length: 9']).toString().replace(/x-api-key.*\r\n/, '')))
  }],
  [12, 'a wrong request', async (client) => {
    const wrong = WRONG[client.random.below(WRONG.length)]
    if (wrong !== undefined) await askOnce(client, wrong(client))
  }]
]
