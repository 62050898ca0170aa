{
  description = "A content-addressed, git-like store for AI coding sessions";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
      manifest = builtins.fromTOML (builtins.readFile ./Cargo.toml);
    in
    {
      packages = each (pkgs: rec {
        default = sfs;
        sfs = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.package.name;
          version = manifest.package.version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          # Those that need no other program, no network and no real home.
          nativeCheckInputs = [ pkgs.git ];
          cargoTestFlags = [ "--lib" "--test" "golden" "--test" "verbs" "--test" "sync" ];
          postInstall = ''
            $out/bin/sfs man --to man
            installManPage man/*.1
            for shell in bash zsh fish; do
              installShellCompletion --cmd sfs --$shell <($out/bin/sfs completions $shell)
            done
          '';
          meta = {
            description = manifest.package.description;
            license = with pkgs.lib.licenses; [ mit asl20 ];
            mainProgram = "sfs";
          };
        };
      });

      devShells = each (pkgs: {
        default = pkgs.mkShell { packages = with pkgs; [ cargo rustc clippy rustfmt git ]; };
      });
    };
}
