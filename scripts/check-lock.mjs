#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Packages that have an install script, none of which runs: .npmrc says ignore-scripts, and set-up does what they are for. */
const WITH_INSTALL_SCRIPT = new Set(['@tensorflow/tfjs-node', 'core-js', 'esbuild', 'onnxruntime-node', 'protobufjs'])

/**
 * What is wrong with a lock file: each package has to come from the registry, in one exact version, with the hash of its
 * content, and without an install script that nobody has looked at.
 *
 * @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, hasInstallScript?: boolean }} LockedPackage
 *
 * @param {{ packages: Record<string, LockedPackage> }} lock the parsed package-lock.json
 * @param {ReadonlySet<string>} withInstallScript names of the packages that are known to have one
 * @returns {string[]} one sentence for each fault
 */
export function findFaults ({ packages }, withInstallScript = WITH_INSTALL_SCRIPT) {
  const faults = []
  const found = new Set()
  for (const [path, { version, integrity, resolved, link, hasInstallScript }] of Object.entries(packages)) {
    if (path === '') continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    // npm leaves the address out for the registry only (.npmrc, omit-lockfile-registry-resolved).
    const isRegistrys = path.startsWith('node_modules/') && link !== true && resolved === undefined
    if (!isRegistrys) faults.push(`${path} does not come from the registry.`)
    if (!/^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.test(version ?? '')) faults.push(`${path} has no exact version.`)
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) faults.push(`${path} has no SHA-512.`)
    if (hasInstallScript !== true) continue
    found.add(name)
    if (withInstallScript.has(name)) continue
    faults.push(`${path} has an install script: see what it does, then list it in scripts/check-lock.mjs.`)
  }
  for (const name of withInstallScript) {
    if (!found.has(name)) faults.push(`${name} has no install script any more: take it off the list in scripts/check-lock.mjs.`)
  }
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  const faults = findFaults(JSON.parse(read('package-lock.json')))
  if (!/^ignore-scripts=true$/m.test(read('.npmrc'))) faults.push('.npmrc does not say ignore-scripts=true: install scripts would run.')
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
