/** Whether a text is an address of HTTP or HTTPS, in which the user name and the password, where it has them, can be read. */
export function isWebAddress (text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return isPercentEncoded(username + password)
}

/** Whether each % begins the code of a character in UTF-8, as in `caf%C3%A9`. */
export function isPercentEncoded (text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** An address, right or wrong, as a message may show it: without the user name and the password in it. */
export function withoutCredentials (text: string): string {
  return text.replace(/^([a-z]+:\/\/)?.*@/is, '$1...@')
}
