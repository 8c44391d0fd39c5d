import { BEGUN } from './beginning.js'

/* What a forked program imports before all else: it tells the parent that the program runs, see `watchBeginning`. */

process.send?.(BEGUN)
