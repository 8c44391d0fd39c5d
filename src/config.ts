import { OperatorError } from './base/errors.js'
import type { IntegerOrAutoSetting, IntegerOrOffSetting, IntegerSetting, Setting } from './base/setting.js'
import { threadPoolSize } from './base/thread-pool.js'
import { SETTINGS } from './settings.js'

type ValueOf<S> =
  S extends { type: 'integer' } ? number
    : S extends { type: 'integerOrAuto' } ? number | 'auto'
      : S extends { type: 'integerOrOff' } ? number | 'off'
        : S extends { choices: ReadonlyArray<infer T> } ? T : string
export type Config = { readonly [K in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[K]> }

/** Pairs of which the first may not be larger than the second, and what would happen to a request otherwise. */
const LIMITS = [
  ['maxBatchSize', 'queueSize', 'so many images would never wait together'],
  ['maxImageBytes', 'maxRequestBytes', 'an image of that size could never arrive'],
  ['maxImageBytes', 'maxBytesInFlight', 'an image of that size could never be admitted']
] as const

/**
 * Reads the settings. Throws an OperatorError that names the variable, its value and what is allowed, or two variables
 * that contradict each other. The environment is the one that the process was started with.
 */
export function readConfig (env: NodeJS.ProcessEnv): Config {
  const entries = Object.entries(SETTINGS).map(([name, setting]) => [name, readSetting(setting, env)])
  const config = Object.fromEntries(entries) as unknown as Config
  for (const [smaller, larger, consequence] of LIMITS) {
    const [value, limit] = [config[smaller], config[larger]]
    if (value === 'auto' || value <= limit) continue
    throw new OperatorError(`${SETTINGS[smaller].env}=${value} is more than ${SETTINGS[larger].env}=${limit}: ${consequence}.`)
  }
  demandThreads(config, threadPoolSize(env))
  demandCacheDir(config)
  return config
}

/** One thread is left for files, which would otherwise wait for pictures. */
function demandThreads ({ decodeConcurrency }: Config, threads: number): void {
  if (decodeConcurrency < threads) return
  const needed = decodeConcurrency + 1
  throw new OperatorError(
    `${SETTINGS.decodeConcurrency.env}=${decodeConcurrency} takes a pool of ${needed} threads, and Node's has ${threads}: ` +
    `start with UV_THREADPOOL_SIZE=${needed}.`
  )
}

function demandCacheDir ({ cacheDir }: Config): void {
  if (cacheDir !== '') return
  const { env } = SETTINGS.cacheDir
  const problem = `There is no folder for ${env}, since HOME is not set and the system knows no home folder of this user`
  throw new OperatorError(`${problem}: set ${env}.`)
}

function readSetting (setting: Setting, env: NodeJS.ProcessEnv): string | number {
  const text = env[setting.env]
  // An empty variable is what a Compose file or a manifest leaves where nothing was filled in.
  if (text === undefined || text === '') return typeof setting.default === 'function' ? setting.default(env) : setting.default
  if (setting.type === 'integerOrAuto' && text === 'auto') return text
  if (setting.type === 'integerOrOff' && text === 'off') return text
  if (setting.type === 'integer' || setting.type === 'integerOrAuto' || setting.type === 'integerOrOff') {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= setting.min && value <= setting.max) return value
  } else if (setting.type === 'string' ? setting.form?.accepts(text) ?? true : setting.choices.includes(text)) {
    return text
  }
  throw new OperatorError(`${setting.env}=${text} is not allowed: it takes ${allowedValues(setting)}.`)
}

function allowedValues (setting: Setting): string {
  switch (setting.type) {
    case 'integer': return wholeNumber(setting)
    case 'integerOrAuto': return `auto or ${wholeNumber(setting)}`
    case 'integerOrOff': return `off or ${wholeNumber(setting)}`
    case 'choice': return setting.choices.join(', ')
    case 'string': return setting.form?.words ?? 'text'
  }
}

function wholeNumber ({ min, max, unit }: IntegerSetting | IntegerOrAutoSetting | IntegerOrOffSetting): string {
  return `a whole number from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`
}

function defaultOf (setting: Setting): string {
  return setting.defaultText ?? String(setting.default)
}

/** The settings as a Markdown table, for the README. */
export function settingsTable (): string {
  const rows = Object.values(SETTINGS).map((setting: Setting) => (
    `| \`${setting.env}\` | ${defaultOf(setting)} | ${allowedValues(setting)} | ${setting.help} |`
  ))
  return ['| variable | default | takes | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** The settings as plain text, for a terminal. */
export function settingsHelp (): string {
  return Object.values(SETTINGS).map((setting: Setting) => {
    const values = `${allowedValues(setting)}; default: ${defaultOf(setting).replaceAll('`', '')}`
    return `  ${setting.env.padEnd(24)} ${setting.help}\n${' '.repeat(27)}${values}`
  }).join('\n')
}
