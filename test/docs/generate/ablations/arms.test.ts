import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ARM_NAMES, networkOf, PARAMETERS, QUESTIONS, TOLERANCE } from '../../../../docs/generate/ablations/arms.js'
import { accuracyOf } from '../../../../docs/generate/ablations/results.js'
import { totalCounts } from '../../../../src/model/counts.js'
import { trainingProgram } from '../../../../src/train/step/program.js'

test('the networks that are compared have the same number of parameters, and can be trained', () => {
  for (const arm of ARM_NAMES) {
    const network = networkOf(arm)
    const { parameters } = totalCounts(network.layers)
    assert.ok(Math.abs(parameters - PARAMETERS) <= TOLERANCE * PARAMETERS, `${arm} has ${parameters}`)
    assert.ok(trainingProgram({ network, precision: 'float32', batch: 128, momentum: 0.9, weightDecay: 0 }).variables.length > 0)
  }
})

test('every network answers a question', () => {
  const asked = new Set<string>(Object.values(QUESTIONS).flatMap(({ arms }) => [...arms]))
  assert.deepEqual([...asked].sort(), [...ARM_NAMES].sort())
})

test('the spread of seeds is that of a sample', () => {
  const { mean, deviation } = accuracyOf([0.7, 0.72, 0.74])
  assert.ok(Math.abs(mean - 0.72) < 1e-12)
  assert.ok(Math.abs(deviation - 0.02) < 1e-12)
})
