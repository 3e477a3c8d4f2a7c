/** The language server as a worker: LSP as messages. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { CheckedMessages } from './parameters';
import { SentFiles } from './sent-files';
import { serve } from './server';

const messages = new CheckedMessages();
const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self), {
    messageStrategy: messages,
});
serve(connection, messages, new SentFiles(connection, self.docs));
