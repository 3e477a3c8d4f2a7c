/** The fuzzer's inputs, a few of them: sessions of the debug adapter. */
import { adapter } from '../fuzz/adapter';
import { fuzzed } from '../support/fuzzed';

fuzzed(adapter);
