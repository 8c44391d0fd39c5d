import { performance } from 'node:perf_hooks'
import type { DownloadProgress } from './download.js'

const LINE_INTERVAL_MS = 5000
const MEGABYTE = 1e6

/**
 * Shows a download on standard error: a bar on a terminal, elsewhere a line now and then, which `line` may take instead.
 * Returns what to call with each piece of news.
 */
export async function showProgress (
  line = (text: string): void => { process.stderr.write(`${text}\n`) }
): Promise<(progress: DownloadProgress) => void> {
  return process.stderr.isTTY ? await progressBar(line) : progressLines(line)
}

/** The news in one phrase. */
export function describeProgress ({ receivedBytes, totalBytes, retry }: DownloadProgress): string {
  const received = (receivedBytes / MEGABYTE).toFixed(1)
  if (retry !== undefined) {
    return `downloading the model: ${received} MB, then ${retry.reason}; next try in ${Math.ceil(retry.delayMs / 1000)} s`
  }
  return totalBytes === undefined
    ? `downloading the model: ${received} MB`
    : `downloading the model: ${received} of ${(totalBytes / MEGABYTE).toFixed(1)} MB`
}

async function progressBar (line: (text: string) => void): Promise<(progress: DownloadProgress) => void> {
  const { SingleBar } = await import('cli-progress')
  // Without a total, as in a process that waits for another one's download, there is nothing to draw.
  const lines = progressLines(line)
  const bar = new SingleBar({
    format: 'downloading the model {bar} {value} of {total} MB, {eta_formatted} left',
    stream: process.stderr,
    stopOnComplete: true,
    clearOnComplete: true,
    linewrap: true
  })
  return (progress) => {
    const { receivedBytes, totalBytes } = progress
    if (totalBytes === undefined) {
      lines(progress)
      return
    }
    if (!bar.isActive) bar.start(Math.ceil(totalBytes / MEGABYTE), 0)
    bar.update(Math.ceil(receivedBytes / MEGABYTE))
  }
}

function progressLines (line: (text: string) => void): (progress: DownloadProgress) => void {
  let lastAt = -Infinity
  return (progress) => {
    const isNews = progress.receivedBytes === progress.totalBytes || progress.retry !== undefined
    if (!isNews && performance.now() - lastAt < LINE_INTERVAL_MS) return
    lastAt = performance.now()
    line(describeProgress(progress))
  }
}
