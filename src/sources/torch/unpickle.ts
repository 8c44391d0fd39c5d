import { OperatorError } from '../../base/errors.js'
import { called, persistent } from './calls.js'
import { Cursor } from './cursor.js'
import { OPCODES, opcodeName } from './opcodes.js'
import { Global, InertRecord, NumberStorage, StoredTensor, type Value } from './values.js'

/** Far above what checkpoints have, optimizer and all: a tensor takes some twenty values. */
const MAX_VALUES = 4_000_000
/** Lists, dictionaries, tensors and whatever else takes memory of its own. */
const MAX_CONTAINERS = 500_000
const MAX_DEPTH = 1000
const MAX_PROTOCOL = 5

/** What a pickle holds, and where it ends. */
export interface Unpickled {
  readonly value: Value
  /** Storages that it refers to by their keys, one for each. */
  readonly storages: ReadonlyMap<string, NumberStorage>
  readonly end: number
}

/**
 * Reads a pickle as data: nothing is imported, made or called. Throws an OperatorError that names the instruction or the call where it
 * holds anything but what state dictionaries, checkpoints and modules of PyTorch's are made of; an EndOfBytes where the bytes end within.
 */
export function unpickle (bytes: Buffer, position = 0): Unpickled {
  return new Machine(new Cursor(bytes, position)).run()
}

class Machine {
  private stack: Value[] = []
  /** Stacks below the marks. */
  private readonly below: Value[][] = []
  private readonly memo = new Map<number, Value>()
  private readonly storages = new Map<string, NumberStorage>()
  private values = 0
  private containers = 0

  constructor (private readonly cursor: Cursor) {}

  run (): Unpickled {
    for (;;) {
      const code = this.cursor.byte()
      if (code === OPCODES.STOP) break
      this.step(code)
    }
    const value = this.pop()
    if (this.stack.length + this.below.length > 0) throw new OperatorError('its pickle ends with values left over')
    return { value, storages: this.storages, end: this.cursor.position }
  }

  private step (code: number): void {
    const { cursor } = this
    switch (code) {
      case OPCODES.PROTO: {
        const protocol = cursor.byte()
        if (protocol > MAX_PROTOCOL) throw new OperatorError(`its pickle is of protocol ${protocol}, and ${MAX_PROTOCOL} is the latest`)
        return
      }
      case OPCODES.FRAME: cursor.uint64(); return
      case OPCODES.MARK: this.mark(); return
      case OPCODES.POP: this.pop(); return
      case OPCODES.NONE: this.push(null); return
      case OPCODES.NEWTRUE: this.push(true); return
      case OPCODES.NEWFALSE: this.push(false); return
      case OPCODES.BININT: this.push(cursor.int32()); return
      case OPCODES.BININT1: this.push(cursor.byte()); return
      case OPCODES.BININT2: this.push(cursor.uint16()); return
      case OPCODES.LONG1: this.push(cursor.integer(cursor.byte())); return
      case OPCODES.BINFLOAT: this.push(cursor.float64()); return
      case OPCODES.BINUNICODE: this.push(cursor.text(cursor.uint32())); return
      case OPCODES.SHORT_BINUNICODE: this.push(cursor.text(cursor.byte())); return
      case OPCODES.BINUNICODE8: this.push(cursor.text(cursor.uint64())); return
      case OPCODES.BINSTRING: this.push(cursor.text(cursor.uint32())); return
      case OPCODES.SHORT_BINSTRING: this.push(cursor.text(cursor.byte())); return
      case OPCODES.BINBYTES: this.pushContainer(cursor.slice(cursor.uint32())); return
      case OPCODES.SHORT_BINBYTES: this.pushContainer(cursor.slice(cursor.byte())); return
      case OPCODES.EMPTY_LIST: case OPCODES.EMPTY_TUPLE: this.pushContainer([]); return
      case OPCODES.EMPTY_DICT: this.pushContainer(new Map()); return
      case OPCODES.EMPTY_SET: this.pushContainer(new InertRecord('builtins.set')); return
      case OPCODES.TUPLE1: this.pushTuple(1); return
      case OPCODES.TUPLE2: this.pushTuple(2); return
      case OPCODES.TUPLE3: this.pushTuple(3); return
      case OPCODES.TUPLE: this.pushContainer(this.sinceMark()); return
      case OPCODES.APPEND: this.append([this.pop()]); return
      case OPCODES.APPENDS: case OPCODES.ADDITEMS: this.append(this.sinceMark()); return
      case OPCODES.SETITEM: {
        const value = this.pop()
        this.setItems([this.pop(), value])
        return
      }
      case OPCODES.SETITEMS: this.setItems(this.sinceMark()); return
      case OPCODES.BINPUT: this.remember(cursor.byte()); return
      case OPCODES.LONG_BINPUT: this.remember(cursor.uint32()); return
      case OPCODES.MEMOIZE: this.remember(this.memo.size); return
      case OPCODES.BINGET: this.recall(cursor.byte()); return
      case OPCODES.LONG_BINGET: this.recall(cursor.uint32()); return
      case OPCODES.GLOBAL: {
        const module = cursor.line()
        this.pushGlobal(module, cursor.line())
        return
      }
      case OPCODES.STACK_GLOBAL: {
        const name = this.pop()
        this.pushGlobal(this.pop(), name)
        return
      }
      case OPCODES.REDUCE: {
        const parameters = this.pop()
        const value = called(this.pop(), parameters)
        // Items that were copied count once more.
        if (value instanceof Map) this.values += value.size
        this.pushContainer(value)
        return
      }
      case OPCODES.NEWOBJ_EX: this.pop(); this.newObject(); return
      case OPCODES.NEWOBJ: this.newObject(); return
      case OPCODES.BUILD: this.build(); return
      case OPCODES.BINPERSID: this.pushPersistent(persistent(this.pop())); return
      default: throw new OperatorError(`its pickle has the instruction ${opcodeName(code)}, which is not read`)
    }
  }

  private push (value: Value): void {
    if (++this.values > MAX_VALUES) throw new OperatorError(`its pickle has more than ${MAX_VALUES} values`)
    this.stack.push(value)
  }

  private pushContainer (value: Value): void {
    if (++this.containers > MAX_CONTAINERS) throw new OperatorError(`its pickle has more than ${MAX_CONTAINERS} lists and objects`)
    this.push(value)
  }

  private pushTuple (length: number): void {
    const items = Array.from({ length }, () => this.pop())
    this.pushContainer(items.reverse())
  }

  private pushGlobal (module: Value, name: Value): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw new OperatorError('its pickle has a class whose name is no text')
    this.pushContainer(new Global(`${module}.${name}`))
  }

  private pushPersistent (value: Value): void {
    if (value instanceof NumberStorage) {
      const { key, format, range: { total } } = value
      const known = this.storages.get(key) ?? value
      if (known.format !== format || known.range.total !== total) throw new OperatorError(`its pickle has two storages of the key ${key}`)
      this.storages.set(key, value)
    }
    this.pushContainer(value)
  }

  private pop (): Value {
    const value = this.stack.pop()
    if (value === undefined) throw new OperatorError('its pickle takes a value where there is none')
    return value
  }

  private mark (): void {
    if (this.below.length >= MAX_DEPTH) throw new OperatorError(`its pickle is nested more than ${MAX_DEPTH} deep`)
    this.below.push(this.stack)
    this.stack = []
  }

  private sinceMark (): Value[] {
    const items = this.stack
    const stack = this.below.pop()
    if (stack === undefined) throw new OperatorError('its pickle goes back to a mark where there is none')
    this.stack = stack
    return items
  }

  private top (): Value {
    const value = this.stack.at(-1)
    if (value === undefined) throw new OperatorError('its pickle changes a value where there is none')
    return value
  }

  /** Of a record, that may be of a class derived from list or dictionary, nothing of this is kept. */
  private append (items: readonly Value[]): void {
    const list = this.top()
    if (list instanceof InertRecord) return
    if (!Array.isArray(list)) throw new OperatorError('its pickle appends to what is no list')
    for (const item of items) list.push(item)
  }

  private setItems (items: readonly Value[]): void {
    const dictionary = this.top()
    if (dictionary instanceof InertRecord) return
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw new OperatorError('its pickle adds items to what is no dictionary')
    for (let index = 0; index < items.length; index += 2) dictionary.set(items[index] as Value, items[index + 1] as Value)
  }

  private remember (index: number): void {
    if (this.memo.size >= MAX_VALUES) throw new OperatorError(`its pickle remembers more than ${MAX_VALUES} values`)
    this.memo.set(index, this.top())
  }

  private recall (index: number): void {
    const value = this.memo.get(index)
    if (value === undefined) throw new OperatorError(`its pickle goes back to the value ${index}, which is not there`)
    this.push(value)
  }

  /** An object of whatever class, of which only the name is known; what it is made with is not kept. */
  private newObject (): void {
    this.pop()
    const type = this.pop()
    if (!(type instanceof Global)) throw new OperatorError('its pickle makes an object of what is no class')
    this.pushContainer(type.name === 'collections.OrderedDict' ? new Map() : new InertRecord(type.name))
  }

  /** State of an object; what dictionaries and tensors have beside their values is not kept. */
  private build (): void {
    const state = this.pop()
    const object = this.top()
    if (object instanceof InertRecord) object.state = state
    else if (!(object instanceof Map || object instanceof StoredTensor)) {
      throw new OperatorError('its pickle gives a state to what is no object')
    }
  }
}
