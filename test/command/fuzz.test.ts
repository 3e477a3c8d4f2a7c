/** The fuzzer's inputs, a few of them: command lines. */
import { commands } from '../fuzz/commands';
import { fuzzed } from '../support/fuzzed';

fuzzed(commands);
