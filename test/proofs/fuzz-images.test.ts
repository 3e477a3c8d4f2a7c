/** The fuzzer's inputs, a few of them: damaged images. */
import { images } from '../fuzz/images';
import { fuzzed } from '../support/fuzzed';

fuzzed(images);
