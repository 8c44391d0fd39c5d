import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { evaluate, reportPage, type Report } from '../../../src/train/report/index.js'
import { useBrowser, withoutChromium } from '../../page/browser.js'
import { CAT } from '../../support/cat.js'
import { tempFolder } from '../../support/temp-folder.js'

const NAMES = ['<script>alert(1)</script>', 'a "long" name & more of it, which goes on for a while']
const JUDGEMENTS = [
  { probabilities: Float64Array.of(0.9, 0.1), label: 0 }, { probabilities: Float64Array.of(0.8, 0.2), label: 1 }
]
const SPLIT = { train: 1, validation: 0, test: 1 }
const REPORT: Report = {
  model: { name: 'flowers', version: '1', from: 'imagenet' },
  dataset: {
    pictures: SPLIT,
    isSplit: true,
    classes: NAMES.map((name) => ({ name, ...SPLIT })),
    unreadable: [{ path: 'a/<b>.jpg', code: 'undecodable_image', detail: 'It is damaged.' }],
    ignored: [],
    notes: ['The folder "labels" has no picture.'],
    duplicates: [{
      sameContent: false,
      betweenSplits: true,
      contradictory: false,
      members: [{ path: 'train/1.png', split: 'train', label: 'x' }, { path: 'test/1.webp', split: 'test', label: 'x' }]
    }]
  },
  fittedTo: { splits: ['train', 'test'], pictures: 2 },
  fit: { classWeights: 'none', strength: 0.123456, strengths: [] },
  evaluatedOn: 'test',
  evaluation: evaluate(JUDGEMENTS, NAMES),
  mistakes: [{ path: 'b/<2>.jpg', label: NAMES[1] ?? '', predicted: NAMES[0] ?? '', confidence: 0.8, probability: 0.2 }]
}

const browser = useBrowser()

suite('report.html', () => {
  const page = reportPage(REPORT, new Map([['b/<2>.jpg', CAT]]))

  test('escapes what comes from files, and says what it is of', () => {
    assert.doesNotMatch(page, /<script|<b>\.jpg|<2>/)
    assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/)
    assert.match(page, /The figures are of the 2 pictures of the test split/)
    assert.match(page, /train\/1\.png \(train\) = test\/1\.webp \(test\), other files/)
    assert.match(page, /<th scope="row">class weights<\/th><td>none<\/td>/)
    assert.match(page, /<dt>balanced accuracy<\/dt><dd>50\.0 %<\/dd>/)
    assert.match(page, /The package was then fitted to all 2 pictures/)
    assert.match(page, /The folder &quot;labels&quot; has no picture\./)
    assert.doesNotMatch(page, /No picture of these classes was judged/)
    assert.match(reportPage({ ...REPORT, evaluatedOn: 'cross-validation' }, new Map()), /There is no test split\./)
    const train: Report['fittedTo'] = { splits: ['train'], pictures: 1 }
    const unjudged = reportPage({ ...REPORT, fittedTo: train, evaluation: evaluate(JUDGEMENTS, [...NAMES, 'rare']) }, new Map())
    assert.match(unjudged, /The package was fitted to the train split alone\./)
    assert.match(unjudged, /No picture of these classes was judged, so the figures say nothing about them: rare\./)
  })

  test('loads nothing, shows its pictures and fits a narrow screen', { skip: withoutChromium }, async (t) => {
    const folder = tempFolder(t)
    const file = join(folder, 'report.html')
    writeFileSync(file, page)
    const address = pathToFileURL(file).href
    for (const colorScheme of ['light', 'dark'] as const) {
      const tab = await browser.tab({ colorScheme, viewport: { width: 390, height: 800 } })
      const found: string[] = []
      tab.on('console', (message) => { found.push(message.text()) })
      tab.on('request', (request) => { if (!request.url().startsWith('data:')) found.push(request.url()) })
      await tab.goto(address)
      assert.deepEqual(found, [address])
      assert.equal(await tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0)
      assert.deepEqual(await tab.evaluate('[...document.images].map(({ naturalWidth }) => naturalWidth > 0)'), [true])
      const background = await tab.evaluate('getComputedStyle(document.body).backgroundColor')
      assert.equal(background === 'rgb(255, 255, 255)', colorScheme === 'light')
      await tab.context().close()
    }
  })
})
