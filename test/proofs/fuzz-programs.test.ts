/** The fuzzer's inputs, a few of them: programs made by a grammar. */
import { programs } from '../fuzz/programs';
import { fuzzed } from '../support/fuzzed';

fuzzed(programs);
