import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { sniffFormat } from '../../src/preprocess/index.js'

/** The first box of an ISO media file. */
function ftyp (major: string, ...compatible: string[]): Buffer {
  const brands = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(brands.length + 4)
  return Buffer.concat([length, brands, Buffer.from('\0\0\0\x08mdat', 'latin1')])
}

suite('formats by content', () => {
  const known: Array<[name: string, bytes: Buffer, format: string]> = [
    ['JPEG', Buffer.from('ffd8ffe000104a46', 'hex'), 'jpeg'],
    ['PNG', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), 'png'],
    ['WebP', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), 'webp'],
    ['GIF87a', Buffer.from('GIF87a\x01\0'), 'gif'],
    ['GIF89a', Buffer.from('GIF89a\x01\0'), 'gif'],
    ['TIFF, little-endian', Buffer.from('49492a0008000000', 'hex'), 'tiff'],
    ['TIFF, big-endian', Buffer.from('4d4d002a00000008', 'hex'), 'tiff'],
    ['BigTIFF, little-endian', Buffer.from('49492b0008000000', 'hex'), 'tiff'],
    ['BigTIFF, big-endian', Buffer.from('4d4d002b00080000', 'hex'), 'tiff'],
    ['AVIF', ftyp('avif', 'mif1', 'miaf'), 'avif'],
    ['AVIF sequence', ftyp('avis', 'msf1'), 'avif'],
    ['AVIF by a compatible brand', ftyp('mif1', 'miaf', 'avif'), 'avif']
  ]
  for (const [name, bytes, format] of known) {
    test(name, () => assert.equal(sniffFormat(bytes), format))
  }

  test('bytes inside a larger buffer', () => {
    const buffer = Buffer.concat([Buffer.from('GIF'), Buffer.from('49492a0008000000', 'hex')])
    assert.equal(sniffFormat(new Uint8Array(buffer.buffer, buffer.byteOffset + 3, 8)), 'tiff')
  })
})

suite('HEIC', () => {
  for (const bytes of [ftyp('heic', 'mif1', 'MiHE', 'heic'), ftyp('heix'), ftyp('mif1', 'heic'), ftyp('msf1', 'hevc'), ftyp('mif1')]) {
    test(bytes.toString('latin1', 8, bytes.length - 8).replaceAll('\0', ' '), () => {
      const message = /HEIC.*heif-convert.*sips.*Most Compatible/
      assert.throws(() => sniffFormat(bytes), { code: 'heic_not_supported', status: 415, message })
    })
  }
})

suite('what is not supported', () => {
  const unsupported: Array<[bytes: Buffer, detail: RegExp]> = [
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /is SVG/],
    [Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- a -->\n<svg/>'), /is SVG/],
    [Buffer.from('<!doctype html><html>'), /is HTML/],
    [Buffer.from('%PDF-1.7\n'), /is PDF/],
    [Buffer.from('424d3a000000000000003600000028000000', 'hex'), /is BMP/],
    [Buffer.from('0000010001001010', 'hex'), /is ICO/],
    [Buffer.from('0000000c4a584c200d0a870a', 'hex'), /is JPEG XL/],
    [Buffer.from('ff0a7f02', 'hex'), /is JPEG XL/],
    [Buffer.from('0000000c6a5020200d0a870a', 'hex'), /is JPEG 2000/],
    [Buffer.from('8BPS\0\x01', 'latin1'), /is Photoshop/],
    [Buffer.from('504b030414000000', 'hex'), /is ZIP/],
    [ftyp('isom', 'mp42'), /is MP4/],
    [ftyp('crx ', 'isom'), /is a camera raw \(Canon CR3\)/],
    [Buffer.from('49492a001000000043520200', 'hex'), /is a camera raw \(Canon CR2\)/],
    [Buffer.from('49491a00000048454150434344520200', 'hex'), /is a camera raw \(Canon CRW\)/],
    [Buffer.from('IIRO\x08\0\0\0', 'latin1'), /is a camera raw \(Olympus ORF\)/],
    [Buffer.from('IIU\0\x18\0\0\0', 'latin1'), /is a camera raw \(Panasonic RW2\)/],
    [Buffer.from('FUJIFILMCCD-RAW 0201', 'latin1'), /is a camera raw \(Fujifilm RAF\)/],
    [Buffer.from('\0MRM\0\0\0\0', 'latin1'), /is a camera raw \(Minolta MRW\)/],
    [Buffer.from('FOVb\0\0\x02\0', 'latin1'), /is a camera raw \(Sigma X3F\)/],
    [Buffer.from('II*\0IIII\0\0', 'latin1'), /is a camera raw \(Phase One IIQ\)/],
    [Buffer.from('RIFF\x10\0\0\0WAVEfmt ', 'latin1'), /not an image/],
    [Buffer.from('hello, world'), /not an image/],
    [Buffer.from('GIF'), /not an image/],
    [Buffer.from([0]), /not an image/]
  ]
  for (const [bytes, detail] of unsupported) {
    test(`${detail.source}: ${JSON.stringify(bytes.toString('latin1', 0, 16))}`, () => {
      assert.throws(() => sniffFormat(bytes), { code: 'unsupported_image_format', status: 415, message: detail })
    })
  }

  test('no bytes are no image', () => {
    assert.throws(() => sniffFormat(new Uint8Array()), { code: 'no_image', status: 400 })
  })
})
