/** The fuzzer's inputs, a few of them: connections to the TCP port. */
import { tcp } from '../fuzz/tcp';
import { fuzzed } from '../support/fuzzed';

fuzzed(tcp);
