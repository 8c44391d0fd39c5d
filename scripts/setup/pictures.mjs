import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCompiler } from './compiler.mjs'

const ADDON = 'pictures.node'
const SOURCE = fileURLToPath(new URL('../../native/pictures/jpeg.cc', import.meta.url))
/** libjpeg may lie beside the addon, where an image brings it along. */
const FLAGS = ['-O2', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-Wl,-rpath,$ORIGIN']
/** Where compilers look by themselves. */
const HEADERS = ['/usr/include/jpeglib.h', '/usr/local/include/jpeglib.h']

/** @returns {string[]} what decides, beside the sources, whether the addon can be compiled */
export function picturesKey () {
  return [readFileSync(fileURLToPath(import.meta.url), 'utf8'), ...HEADERS.filter(path => existsSync(path))]
}

/**
 * Compiles the addon that decodes plain JPEGs with the system's libjpeg-turbo.
 *
 * @param {string} folder where it goes
 * @param {string} nodeHeaders
 * @throws {import('./errors.mjs').SetupError} where the compiler cannot, such as without libjpeg-turbo's headers
 */
export async function compilePictures (folder, context, nodeHeaders) {
  const args = [...FLAGS, '-I', nodeHeaders, SOURCE, ...context.target.linkerFlags, '-ljpeg', '-o', join(folder, ADDON)]
  await runCompiler(args, folder, context)
}

/** @param {Error} reason */
export function picturesLeftOut ({ message }) {
  return `Left out, since libvips decodes the same: decoding small JPEGs with libjpeg-turbo, in a third of the time. ${message} ` +
    'Its headers come with Debian\'s libjpeg62-turbo-dev, Ubuntu\'s libjpeg-turbo8-dev, Alpine\'s libjpeg-turbo-dev.'
}
