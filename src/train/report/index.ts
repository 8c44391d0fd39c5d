export { evaluate, type Evaluation, type Judgement } from './evaluate.js'
export { reportPage } from './page.js'
export { datasetFigures, mistakesOf, type Report } from './report.js'
