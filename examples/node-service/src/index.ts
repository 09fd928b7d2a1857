// A small Express service in TypeScript; `npm run build` compiles it into dist/.
import express, { Request, Response } from "express";
import { Server } from "node:http";
import { greeting } from "./greeting";

const app = express();

app.get("/health", (_: Request, res: Response) => {
  res.json({ status: "ok", service: "node-service", version: process.env.npm_package_version ?? process.env.VERSION ?? "dev" });
});

app.get("/about", (_: Request, res: Response) => {
  res.json({ node: process.version, env: process.env.NODE_ENV ?? "", uid: process.getuid?.() ?? -1 });
});

app.get("/greet/:name?", (req: Request, res: Response) => {
  res.type("text/plain").send(greeting(req.params.name) + "\n");
});

const port = Number(process.env.PORT ?? 3000);
const server: Server = app.listen(port, () => console.log(`node-service listens on :${port}`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => server.close(() => process.exit(0)));
}
