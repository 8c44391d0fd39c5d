type Env = Readonly<Record<string, string | undefined>>
/** Where the machine or another variable decides, a function of the environment that the process was started with. */
type Default<T> = T | ((env: Env) => T)

/** A setting by its variable, with what `--help` and the README say of it. */
interface SettingBase {
  readonly env: string
  readonly help: string
  /** Said in place of a default that only the machine knows. */
  readonly defaultText?: string
}

export interface IntegerSetting extends SettingBase {
  readonly type: 'integer'
  readonly default: Default<number>
  readonly min: number
  readonly max: number
  readonly unit?: string
}

export interface StringSetting extends SettingBase {
  readonly type: 'string'
  readonly default: Default<string>
  /** What it has to look like, where not any text will do, and that in words. */
  readonly form?: { readonly accepts: (text: string) => boolean, readonly words: string }
}

export interface ChoiceSetting<T extends string> extends SettingBase {
  readonly type: 'choice'
  readonly default: T
  readonly choices: readonly T[]
}

/** A whole number that the service finds by itself unless it is set. */
export interface IntegerOrAutoSetting extends Omit<IntegerSetting, 'type' | 'default'> {
  readonly type: 'integerOrAuto'
  readonly default: 'auto' | number
}

/** A whole number that turns something on. */
export interface IntegerOrOffSetting extends Omit<IntegerSetting, 'type' | 'default'> {
  readonly type: 'integerOrOff'
  readonly default: 'off'
}

export type Setting = IntegerSetting | StringSetting | ChoiceSetting<string> | IntegerOrAutoSetting | IntegerOrOffSetting
