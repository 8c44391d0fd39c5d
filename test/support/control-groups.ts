import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { tempFolder } from './temp-folder.js'

/** Makes a hierarchy of control groups of files by their paths, and returns where it is mounted. */
export function hierarchy (t: TestContext, files: Record<string, string>): string {
  const root = tempFolder(t)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** Where the system keeps the limits on processes: a hierarchy of their own, or the one of all. */
const PROCESSES = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((folder) => existsSync(folder))

/** Why no group can be made that limits processes; false where it can. */
export const withoutProcessGroups = canLimitProcesses() ? false : 'it limits processes, which takes root and control groups'

function canLimitProcesses (): boolean {
  if (PROCESSES === undefined || process.getuid?.() !== 0) return false
  try {
    accessSync(PROCESSES, constants.W_OK)
    const probe = join(PROCESSES, `xception-probe-${process.pid}`)
    mkdirSync(probe)
    const can = existsSync(join(probe, 'pids.max'))
    rmdirSync(probe)
    return can
  } catch {
    return false
  }
}

export interface ProcessGroup {
  /** What a shell does to be in the group. */
  readonly enter: string
  /** Processes that are in it. */
  members (): string[]
}

/** A group that may have so many processes and threads together. */
export function processGroup (t: TestContext, most: number): ProcessGroup {
  const folder = join(PROCESSES ?? '', `xception-${process.pid}-${most}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'pids.max'), String(most))
  const members = (): string[] => readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '')
  t.after(() => {
    for (const pid of members()) process.kill(Number(pid), 'SIGKILL')
    rmdirSync(folder)
  })
  return { enter: `echo $$ > ${folder}/cgroup.procs`, members }
}
