/** The language server as a process: LSP on stdin and stdout. */
import * as path from 'node:path';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { DiskFiles } from './disk-files';
import { CheckedMessages } from './parameters';
import { serve } from './server';

const messages = new CheckedMessages();
serve(
    createConnection(ProposedFeatures.all, process.stdin, process.stdout, { messageStrategy: messages }),
    messages,
    new DiskFiles(path.join(__dirname, '..', 'extension', 'docs')),
);
