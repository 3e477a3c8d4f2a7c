/** The fuzzer's inputs, a few of them: damaged recordings. */
import { recordings } from '../fuzz/recordings';
import { fuzzed } from '../support/fuzzed';

fuzzed(recordings);
