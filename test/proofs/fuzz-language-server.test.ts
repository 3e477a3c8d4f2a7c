/** The fuzzer's inputs, a few of them: sessions of the language server. */
import { languageServer } from '../fuzz/language-server';
import { fuzzed } from '../support/fuzzed';

fuzzed(languageServer);
