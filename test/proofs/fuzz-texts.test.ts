/** The fuzzer's inputs, a few of them: damaged source texts. */
import { texts } from '../fuzz/texts';
import { fuzzed } from '../support/fuzzed';

fuzzed(texts);
