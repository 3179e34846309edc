"""Foreign values as trees and as JSON: bounded in depth, number and bytes. Pure."""
