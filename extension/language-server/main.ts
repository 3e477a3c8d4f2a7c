/** The language server as a process: LSP on stdin and stdout. */
import * as path from 'node:path';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { DiskFiles } from './disk-files';
import { serve } from './server';

serve(
    createConnection(ProposedFeatures.all, process.stdin, process.stdout),
    new DiskFiles(path.join(__dirname, '..', 'extension', 'docs')),
);
