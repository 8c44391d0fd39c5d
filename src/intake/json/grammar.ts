/*
 * JSON (RFC 8259) as a table: for each state and byte, the next state, or an action that decides it. A byte that has no entry
 * does not belong there.
 */

const LITERALS = ['true', 'false', 'null'] as const
const LETTERS = LITERALS.join('').length

/** What is expected next, or what is being read. */
export const State = {
  value: 1,
  valueOrEnd: 2,
  key: 3,
  keyOrEnd: 4,
  colon: 5,
  afterElement: 6,
  afterMember: 7,
  afterDocument: 8,
  text: 9,
  escape: 10,
  hex: 11,
  minus: 12,
  zero: 13,
  integer: 14,
  point: 15,
  fraction: 16,
  exponent: 17,
  sign: 18,
  power: 19,
  /** The document or a byte order mark, which some editors and .NET write before it. */
  start: 20,
  mark1: 21,
  mark2: 22,
  /** And those behind it, one for each letter of the literals. */
  letter: 23
} as const

/** What the scanner does at a byte. All but `endNumber` consume it. */
export const Action = {
  unexpected: 0,
  openObject: 64,
  openArray: 65,
  close: 66,
  key: 67,
  string: 68,
  endString: 69,
  escape: 70,
  hex: 71,
  number: 72,
  endNumber: 73,
  literal: 74,
  endLiteral: 75
} as const

/** Entries from here on are actions; those below are states, but for 0. */
export const FIRST_ACTION = Action.openObject

const SPACE = ' \n\r\t'
const DIGITS = '0123456789'
const HEX = `${DIGITS}abcdefABCDEF`
const BYTES = 256

/** By `state << 8 | byte`. */
export const TRANSITIONS = new Uint8Array((State.letter + LETTERS) * BYTES)

/** The value of each literal and the state that follows its first letter, by that letter. */
export const LITERAL_STARTS = new Map<number, { readonly value: boolean | null, readonly state: number }>()

/** States in which a number may end. */
export const NUMBER_ENDS: readonly number[] = [State.zero, State.integer, State.fraction, State.power]

function on (state: number, characters: string, next: number): void {
  for (const character of characters) TRANSITIONS[state << 8 | character.charCodeAt(0)] = next
}

function between (state: number): void {
  on(state, SPACE, state)
}

for (const state of [State.start, State.value, State.valueOrEnd]) {
  between(state)
  on(state, '{', Action.openObject)
  on(state, '[', Action.openArray)
  on(state, '"', Action.string)
  on(state, `-${DIGITS}`, Action.number)
  on(state, LITERALS.map((literal) => literal[0]).join(''), Action.literal)
}
on(State.valueOrEnd, ']', Action.close)
on(State.start, SPACE, State.value)
on(State.start, '\xef', State.mark1)
on(State.mark1, '\xbb', State.mark2)
on(State.mark2, '\xbf', State.value)

for (const state of [State.key, State.keyOrEnd]) {
  between(state)
  on(state, '"', Action.key)
}
on(State.keyOrEnd, '}', Action.close)

between(State.colon)
on(State.colon, ':', State.value)

between(State.afterElement)
on(State.afterElement, ',', State.value)
on(State.afterElement, ']', Action.close)

between(State.afterMember)
on(State.afterMember, ',', State.key)
on(State.afterMember, '}', Action.close)

between(State.afterDocument)

// Control characters have to be escaped.
TRANSITIONS.fill(State.text, State.text << 8 | 0x20, (State.text + 1) << 8)
on(State.text, '"', Action.endString)
on(State.text, '\\', State.escape)
on(State.escape, '"\\/bfnrt', Action.escape)
on(State.escape, 'u', State.hex)
on(State.hex, HEX, Action.hex)

// Whatever ends a number is judged as what follows it.
for (const state of NUMBER_ENDS) TRANSITIONS.fill(Action.endNumber, state << 8, (state + 1) << 8)
on(State.minus, DIGITS, State.integer)
on(State.minus, '0', State.zero)
on(State.integer, DIGITS, State.integer)
for (const state of [State.zero, State.integer]) on(state, '.', State.point)
for (const state of [State.point, State.fraction]) on(state, DIGITS, State.fraction)
for (const state of [State.zero, State.integer, State.fraction]) on(state, 'eE', State.exponent)
on(State.exponent, '+-', State.sign)
for (const state of [State.exponent, State.sign, State.power]) on(state, DIGITS, State.power)

let letter: number = State.letter
for (const literal of LITERALS) {
  LITERAL_STARTS.set(literal.charCodeAt(0), { value: JSON.parse(literal) as boolean | null, state: letter })
  for (const character of literal.slice(1)) {
    on(letter, character, letter + 1)
    letter++
  }
  on(letter - 1, literal.slice(-1), Action.endLiteral)
}
