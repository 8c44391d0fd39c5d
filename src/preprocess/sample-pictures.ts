import { DecodeFailure } from './decode-failure.js'
import { convert, inspect } from './pixels.js'
import { sniffFormat, type ImageFormat } from './sniff.js'

/** A picture of 8 x 8 pixels in each format, in base64, in lines. */
const BASE64: Readonly<Record<ImageFormat, readonly string[]>> = {
  jpeg: [
    '/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhC',
    'Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA',
    'AAH/xAAeEAACAQMFAAAAAAAAAAAAAAABAhEAAzESISJBUf/EABUBAQEAAAAAAAAAAAAAAAAAAAAD/8QAGhEAAwEAAwAAAAAAAAAAAAAAAQIRAANBUf/aAAwD',
    'AQACEQMRAD8AlxVREsottSY1Swg4GcRvHkEdHmpSpPysgWdjA8FgN93/2Q=='
  ],
  png: [
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAgMAAAC5YVYYAAAADFBMVEUuUneIrdLsETXJ7hMB+dg5AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAIElEQVQImWOQ',
    'OMKQLMgwx42hUJChx43BUJLhSDqDoQQAQr8FRVJ7PacAAAAASUVORK5CYII='
  ],
  webp: [
    'UklGRogAAABXRUJQVlA4IHwAAABwAgCdASoIAAgAAUAmJagCdATAB+gBqg4hxcMAAM49+du3+w29I9v6f1XdMrR87UrjwtgxM/QkQP6ENj7zDlxqj1E4NwdJ',
    'IqRTrZvlnWyG+0wI707j/9WyWJT92yaLt/P/+Td1Iyfx/096yS/AB2Heu/2cmKdvrWY3uAAA'
  ],
  gif: [
    'R0lGODlhCAAIAIEAAMnuE+wRNYit0i5SdyH5BAQAAAAALAAAAAAIAAgAAAIRnDJghiosHJTvpGVpiHgrPRQAOw=='
  ],
  avif: [
    'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEA',
    'AQAAAAAA+gABAAAAAAAAADsAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFD',
    'gSACAAAAABRpc3BlAAAAAAAAAAgAAAAIAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAABDbWRhdBIACgg4CL9pAQ0GkDItHEJi5Omm',
    'mmFjYACQNZFtInuhBkC+Wy2/zd2DG1Zh7GRksYZ9weAvNsUWn0A2'
  ],
  tiff: [
    'SUkqAD4AAACAAASko3wWDQeEQk8J1hQmHQ94BUdQ+KQc0I1ZRWNOACiqNRUsH1RR+KNB6hqSQ8kG1JSmHQEQAAABAwABAAAACAAAAAEBAwABAAAACAAAAAIB',
    'AwADAAAAFAEAAAMBAwABAAAABQAAAAYBAwABAAAAAgAAABEBBAABAAAACAAAABIBAwABAAAAAQAAABUBAwABAAAAAwAAABYBAwABAAAAAAEAABcBBAABAAAA',
    'NgAAABoBBQABAAAABAEAABsBBQABAAAADAEAABwBAwABAAAAAQAAACgBAwABAAAAAgAAAD0BAwABAAAAAgAAAFMBAwADAAAAGgEAAAAAAAAzM8sAAAAIADMz',
    'ywAAAAgACAAIAAgAAQABAAEA'
  ]
}

/** A small picture in each format that is decoded, of which nobody doubts that it can be. */
const SAMPLES = Object.values(BASE64).map((lines) => Buffer.from(lines.join(''), 'base64'))
/** Smaller than they are, so that nothing is left out that other pictures need. */
const INPUT = { size: 4, channels: 3, fit: 'fill', cropFraction: 1, kernel: 'linear' } as const
const LIMITS = { maxImageBytes: 1024, maxImagePixels: 64 }
const TIMEOUT_MS = 60_000

/** Decodes a picture of each format. Rejects with a DecodeFailure if one is not decoded: it is never the picture's fault. */
export async function decodeSamples (): Promise<void> {
  for (const sample of SAMPLES) {
    try {
      await convert(await inspect(sample, LIMITS), INPUT, TIMEOUT_MS)
    } catch (error) {
      if (error instanceof DecodeFailure) throw error
      throw new DecodeFailure(sniffFormat(sample), 'system', error)
    }
  }
}
