/** Why a picture has no answer: one of the service's codes, or one of the page's own. */
export class Failure extends Error {
  override readonly name = 'Failure'

  constructor (
    readonly code: string,
    /** The service's own sentence. */
    readonly detail: string,
    readonly retryAfterSeconds?: number
  ) {
    super(detail)
  }
}

interface Explained {
  readonly words: string
  /** Whether the service's sentence says more, such as a limit. */
  readonly withDetail?: true
  /** Who tries again where that can help. */
  readonly again?: 'the page' | 'the person'
}

const HEIC = 'This is a HEIC photo, which the service cannot read. Save or share it as JPEG; an iPhone takes JPEG photos itself with ' +
  'Settings, Camera, Formats, Most Compatible.'

/** What each code means to whoever brought the picture. */
export const EXPLAINED: Readonly<Record<string, Explained>> = {
  // The page's own.
  unreachable: { words: 'The service cannot be reached. It may be down, or this device is offline.', again: 'the person' },
  unexpected_answer: { words: 'Something that is not the service answered in its place.', withDetail: true, again: 'the person' },
  unreadable_file: { words: 'This cannot be read. Is it a folder, or was the file moved or deleted meanwhile?', again: 'the person' },
  empty_file: { words: 'This file is empty.' },
  key_missing: { words: 'The service asks for an API key: enter yours above.', again: 'the person' },
  // The service's.
  unauthorized: { words: 'The service does not know this API key: enter yours above.', again: 'the person' },
  heic_not_supported: { words: HEIC },
  unsupported_image_format: { words: 'This is no picture that the service can read. It takes JPEG, PNG, WebP, GIF, AVIF and TIFF.' },
  unsupported_media_type: { words: 'This is no picture that the service can read. It takes JPEG, PNG, WebP, GIF, AVIF and TIFF.' },
  undecodable_image: { words: 'This picture is damaged or cut off, so that it cannot be read to its end.' },
  decode_timeout: { words: 'This picture takes too long to read. Send it smaller, or as a plain JPEG or PNG.', again: 'the person' },
  image_too_large: { words: 'This picture is too large.', withDetail: true },
  request_too_large: { words: 'This picture is too large.', withDetail: true },
  image_too_many_pixels: { words: 'This picture has too many pixels.', withDetail: true },
  rate_limited: { words: 'You have sent more pictures than the service takes in a minute.', withDetail: true, again: 'the page' },
  queue_full: { words: 'The service has more pictures waiting than it can hold.', again: 'the page' },
  overloaded: { words: 'The service has more uploads at hand than it can hold.', again: 'the page' },
  decoder_failed: { words: 'The service cannot read pictures just now.', again: 'the page' },
  not_ready: { words: 'The service is not ready yet: its model is being loaded.', again: 'the page' },
  shutting_down: { words: 'The service is shutting down.', again: 'the page' },
  request_timeout: { words: 'The picture took too long to arrive.', again: 'the person' },
  deadline_exceeded: { words: 'The service did not finish in time.', again: 'the person' },
  inference_failed: { words: 'The network failed on this picture, and has been restarted.', again: 'the person' },
  internal_error: { words: 'Something went wrong in the service. Its log says what.', again: 'the person' }
}

/** One or two sentences for people; for a code that the page does not know, the service's own. */
export function wordsFor ({ code, detail }: Failure): string {
  const { words = detail, withDetail } = EXPLAINED[code] ?? {}
  return withDetail ? `${words} ${detail}` : words
}

/** Who is to try again, if that can help at all. */
export function whoTriesAgain ({ code }: Failure): Explained['again'] {
  return EXPLAINED[code]?.again
}
