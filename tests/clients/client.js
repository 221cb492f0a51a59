// basic-ftp of npm: node client.js HOST PORT USER PASSWORD FILE BACK CA
"use strict";
const fs = require("fs");
const ftp = require("basic-ftp");

const [host, port, user, password, path, back, ca] = process.argv.slice(2);

(async () => {
    const client = new ftp.Client(20000);
    await client.access({
        host, port: Number(port), user, password, secure: true,
        secureOptions: { ca: fs.readFileSync(ca), host },
    });
    await client.ensureDir("/inbox/folder/deeper");
    await client.uploadFrom(path, "up.bin");
    const [entry] = await client.list();
    if (entry.name !== "up.bin" || entry.size !== fs.statSync(path).size) {
        throw new Error("list: " + JSON.stringify(entry));
    }
    await client.rename("/inbox/folder/deeper/up.bin", "/inbox/kept.bin");
    await client.removeDir("/inbox/folder");
    fs.writeFileSync(back, fs.readFileSync(path).subarray(0, 1234));
    await client.downloadTo(back, "/inbox/kept.bin", 1234);
    client.close();
    console.log("done");
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
