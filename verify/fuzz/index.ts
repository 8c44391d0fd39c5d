import { Command } from 'commander'
import { positiveInteger } from '../positive-integer.js'
import { fuzz, type FuzzOptions, type FuzzReport } from './fuzz.js'

const options = new Command('npm run fuzz --')
  .description('Sends broken and odd requests to a server of its own: 2xx and 4xx, no crash and no growth are well.')
  .option('--seconds <count>', 'time after which no more is sent', positiveInteger, 600)
  .option('--requests <count>', 'cases to send', positiveInteger, 100_000)
  .option('--seed <number>', 'which cases', positiveInteger, 1)
  .option('--from <number>', 'number of the first case, to send one again', positiveInteger, 1)
  .option('--connections <count>', 'connections at a time', positiveInteger, 8)
  .parse()
  .opts<FuzzOptions>()

const report = await fuzz(options)
console.log(summary(report))
for (const fault of report.faults) console.error(fault)
process.exitCode = report.faults.length === 0 ? 0 : 1

function summary ({ requests, seconds, byKind, byStatus, before, after }: FuzzReport): string {
  return [
    `${requests} requests in ${seconds.toFixed(0)} s, ${(requests / seconds).toFixed(0)} a second, seed ${options.seed}`,
    `by kind         ${counts(byKind)}`,
    `by status       ${counts(byStatus)}`,
    `resident MB     ${before.resident.toFixed(0)} warm, ${after?.resident.toFixed(0) ?? '-'} in the end`,
    `handles         ${before.handles} warm, ${after?.handles ?? '-'} in the end`,
    `worker restarts ${after?.workerRestarts ?? '-'}`
  ].join('\n')
}

function counts (all: ReadonlyMap<string, number>): string {
  return [...all].sort(([a], [b]) => a < b ? -1 : 1).map(([name, count]) => `${name}: ${count}`).join(', ')
}
