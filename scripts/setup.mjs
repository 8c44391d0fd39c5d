#!/usr/bin/env node
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { addon } from './setup/addon.mjs'
import { build } from './setup/build.mjs'
import { kernels } from './setup/convolutions.mjs'
import { dependencies } from './setup/dependencies.mjs'
import { explain, SetupError } from './setup/errors.mjs'
import { cacheFolder, readJson } from './setup/files.mjs'
import { interruptible } from './setup/interruption.mjs'
import { withLock } from './setup/lock.mjs'
import { findTarget, requireSystem, TARGETS, TENSORFLOW_VERSION } from './setup/platform.mjs'
import { createReport } from './setup/report.mjs'
import { runSteps } from './setup/steps.mjs'
import { tensorflow } from './setup/tensorflow.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const USAGE = `Usage: npm run setup [-- [--cpu | --gpu] [--service] [--no-build]]

Installs what the service, its tests and its tools need: npm packages, TensorFlow ${TENSORFLOW_VERSION}, its addon, the compiled TypeScript.
  --gpu        TensorFlow for CUDA (Linux x64 only); later set-ups of this folder keep to it
  --cpu        TensorFlow for CPUs, the default
  --service    only what starting the service needs, as npm start does it
  --no-build   all but the compiled TypeScript
`

/** What the addon is made of, and in. */
const MADE_OF = ['@tensorflow/tfjs-node', 'node-api-headers']

/** Once the addon is there and stays, it does not matter what is in the cache. */
const unlessInstalled = step => ({ ...step, isDone: context => context.isInstalled() || step.isDone(context) })

const STEPS = [dependencies, unlessInstalled(tensorflow), unlessInstalled(kernels), addon, build]

/**
 * Brings this clone to where the service and its tests can start. Steps whose result is there already are skipped,
 * and a signal ends the process at once without leaving anything half done.
 *
 * @param {{
 *   development: boolean, flavour?: 'cpu' | 'gpu' | undefined, sources?: boolean, quiet?: boolean, hangUp?: boolean,
 *   targets?: import('./setup/platform.mjs').Target[]
 * }} options
 *   development: whether tests and tools are wanted, too; flavour: of TensorFlow, by default the one chosen before;
 *   sources: whether to compile them; quiet: say nothing of steps that are skipped; hangUp: whether SIGHUP ends it;
 *   targets: what can be installed
 * @throws {SetupError} when something is missing, in a sentence that says how to get it
 */
export async function setup ({ development, flavour, sources = true, quiet = false, hangUp = true, targets = TARGETS }) {
  // Kept outside node_modules, which `npm ci` empties.
  const state = join(ROOT, '.setup')
  const chosen = flavour ?? (readJson(join(state, 'flavour.json'))?.flavour === 'gpu' ? 'gpu' : 'cpu')
  let installed
  const context = {
    root: ROOT,
    development,
    // Asked for once: what is found at first decides what is made.
    isInstalled: () => (installed ??= dependencies.leaves(context, MADE_OF) && addon.isDone(context)),
    // Only asked for where something is missing.
    get cache () { return cacheFolder(process.env) },
    target: findTarget({ flavour: chosen, targets }),
    env: process.env
  }
  const steps = sources ? STEPS : STEPS.filter(step => step !== build)
  const report = createReport({ quiet })
  const waiting = pid => report.line(`Waiting for another set-up of this folder (process ${pid}).`)
  try {
    await interruptible(async () => {
      if (steps.every(step => step.isDone(context))) {
        for (const step of steps) report.skipped(step.name)
      } else {
        requireSystem(readJson(join(ROOT, 'package.json')).engines.node)
        await withLock(join(state, 'lock'), { waiting }, () => runSteps(steps, context, report))
      }
      if (flavour !== undefined) {
        mkdirSync(state, { recursive: true })
        writeFileSync(join(state, 'flavour.json'), JSON.stringify({ flavour }) + '\n')
      }
    }, { hangUp })
  } catch (error) {
    throw error instanceof SetupError ? error : explain(error, context.cache)
  }
}

/**
 * Runs `work` as the main act of a command: what the user can mend is said in one sentence, without a stack trace.
 *
 * @param {() => Promise<void>} work
 */
export async function asCommand (work) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

function parseArguments (args) {
  const flag = /** @type {const} */ ({ type: 'boolean' })
  let values
  try {
    ({ values } = parseArgs({ args, options: { cpu: flag, gpu: flag, service: flag, 'no-build': flag, help: { ...flag, short: 'h' } } }))
  } catch {
    values = undefined
  }
  if (values === undefined || values.help || (values.cpu && values.gpu)) {
    process[values?.help ? 'stdout' : 'stderr'].write(USAGE)
    process.exit(values?.help ? 0 : 2)
  }
  const flavours = /** @type {const} */ (['cpu', 'gpu'])
  return { development: !values.service, flavour: flavours.find(name => values?.[name]), sources: !values['no-build'] }
}

// Node resolves links in a module's own address, but not in argv, which names no program where code is handed to it.
const [, program] = process.argv
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) {
  await asCommand(() => setup(parseArguments(process.argv.slice(2))))
}
